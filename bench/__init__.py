"""The figures we stand by, each measured next to its baseline in the same run."""
