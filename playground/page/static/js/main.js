// Puts the parts together. What each does stands at its head; how they talk, in store.js.

import { startComposer } from "./composer.js";
import { $ } from "./dom.js";
import { follow } from "./feed.js";
import { startMessages } from "./messages.js";
import { startModals } from "./modal.js";
import { startNotices } from "./notices.js";
import { startPanel } from "./panel.js";
import { startSidebar } from "./sidebar.js";
import { store, subscribe } from "./store.js";

function drawBanner() {
  const text = store.offline
    ? "The playground does not answer. Trying again…"
    : store.state && !store.state.bot.connected
      ? `${store.state.bot.name} is connecting…`
      : "";
  $("banner").hidden = !text;
  $("banner").textContent = text;
}

startPanel();
startComposer();
startMessages();
startModals();
startNotices();
startSidebar();
subscribe("state clock", drawBanner);
follow(null);
