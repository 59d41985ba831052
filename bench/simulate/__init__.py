"""A simulated vendor that drives any polling policy and says what it cost and how late it was."""
