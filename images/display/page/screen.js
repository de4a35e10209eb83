// Shows the workspace's screen and sends it mouse and keys, by noVNC. There is no clipboard here and no file: the
// server has both switched off, whatever a page asks for.
import RFB from "./core/rfb.js";

const PAUSES_MS = [500, 1000, 2000, 4000, 8000];
const [status, connect, enter, screen] = ["status", "connect", "enter", "screen"].map((id) => document.getElementById(id));
let rfb = null, failed = 0;

function say(text, { connected = false, retry = false } = {}) {
  status.textContent = text;
  enter.hidden = !connected;
  connect.hidden = !retry;
}

function open() {
  say("Connecting to your workspace…");
  const address = new URL("socket", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  rfb = new RFB(screen, address.href, { shared: true });
  rfb.resizeSession = rfb.scaleViewport = true;
  rfb.background = "#505a5f";
  rfb.addEventListener("connect", () => {
    failed = 0;
    say("Connected.", { connected: true });
    rfb.focus();
  });
  rfb.addEventListener("disconnect", () => {
    rfb = null;
    if (failed < PAUSES_MS.length) {
      say("The connection was lost. Connecting again…");
      setTimeout(open, PAUSES_MS[failed++]);
    } else {
      failed = 0;
      say("There is no connection to your workspace. It may be closed, or your sign-in too old: then open it again from its page.", { retry: true });
      connect.focus();
    }
  });
}

// The way out of the picture for those who use no mouse: noVNC keeps every other key for the workspace.
addEventListener("keydown", (event) => {
  if (rfb && event.ctrlKey && event.altKey && event.shiftKey && ["Control", "Alt", "Shift", "Meta"].includes(event.key)) {
    rfb.blur();
    enter.focus();
  }
}, { capture: true });
// That somebody is at it, at most once a minute: else an unused workspace is closed. The door takes note of it.
let noted = -Infinity;
for (const kind of ["keydown", "pointerdown", "wheel"]) {
  addEventListener(kind, () => {
    if (rfb && performance.now() - noted > 60_000) {
      noted = performance.now();
      fetch("here", { method: "POST" }).catch(() => { noted = -Infinity; });
    }
  }, { capture: true, passive: true });
}
enter.addEventListener("click", () => rfb && rfb.focus());
connect.addEventListener("click", open);
open();
