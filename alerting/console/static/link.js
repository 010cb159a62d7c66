// The live connection. It is lost when nothing was heard for a while, whatever the browser says of the socket, and by
// the browser's own running time: its clock on the wall may be wrong, and is never asked.
const LOST_MS = 3000;

export class Link {
  constructor(onMessage, onState) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.heard = -Infinity;
    this.state = "waiting";
    this.tries = 0;
    this.at = null;
    this.looked = performance.now();
    this.connect();
    setInterval(() => this.look(), 250);
    document.addEventListener("visibilitychange", () => this.look());
    window.addEventListener("offline", () => this.look());
  }

  connect() {
    clearTimeout(this.timer);
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    this.socket = socket;
    this.began = performance.now();
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      this.heard = performance.now();
      this.tries = 0;
      const message = JSON.parse(event.data);
      this.at = message.at;
      this.set("live");
      this.onMessage(message);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (event.code === 4401) {
        this.set("lost");
        location.assign(`/login?over=1&to=${encodeURIComponent(location.pathname)}`);
        return;
      }
      this.again();
    };
  }

  again() {
    const pause = Math.min(3000, 300 * 2 ** this.tries++) * (0.7 + Math.random() * 0.6);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), pause);
  }

  look() {
    const now = performance.now();
    // A machine that slept has heard nothing meanwhile.
    const slept = now - this.looked > LOST_MS && document.visibilityState === "visible";
    this.looked = now;
    if (now - this.heard > LOST_MS || (slept && now - this.heard > 1500)) {
      if (this.state === "live" || now - this.began > LOST_MS) this.set("lost");
      // A socket that only seems to be open is given up.
      if (this.socket && now - Math.max(this.heard, this.began) > LOST_MS + 1000) {
        const old = this.socket;
        this.socket = null;
        old.close();
        this.again();
      }
    }
  }

  set(state) {
    if (state === this.state) return;
    this.state = state;
    document.body.dataset.link = state;
    this.onState(state);
  }

  // Milliseconds since 1970 by the console's clock, and since something was heard.
  get now() { return this.at === null ? null : this.at + (performance.now() - this.heard); }
  get silent() { return performance.now() - this.heard; }
}
