// Counts what is alive in this global scope, the page's or the worker's, from when it is imported.
const listeners = new Set();
const timers = new Set();
const messages = { sent: 0, received: 0 };

const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
EventTarget.prototype.addEventListener = function (type, listener, ...rest) {
  // Held weakly: a listener of what is garbage is garbage too.
  listeners.add({ target: new WeakRef(this ?? globalThis), type, listener: new WeakRef(listener) });
  return add.call(this ?? globalThis, type, listener, ...rest);
};
EventTarget.prototype.removeEventListener = function (type, listener, ...rest) {
  for (const entry of listeners) {
    if (entry.target.deref() !== (this ?? globalThis) || entry.type !== type || entry.listener.deref() !== listener) continue;
    listeners.delete(entry);
    break;
  }
  return remove.call(this ?? globalThis, type, listener, ...rest);
};

for (const set of ["setTimeout", "setInterval"]) {
  const original = globalThis[set];
  globalThis[set] = (handler, ...rest) => {
    const id = original((...args) => {
      if (set === "setTimeout") timers.delete(id);
      handler(...args);
    }, ...rest);
    timers.add(id);
    return id;
  };
}
for (const clear of ["clearTimeout", "clearInterval"]) {
  const original = globalThis[clear];
  globalThis[clear] = (id) => {
    timers.delete(id);
    original(id);
  };
}

if (typeof Window === "undefined") {
  const post = self.postMessage;
  self.postMessage = (...args) => (messages.sent++, post.apply(self, args));
  add.call(self, "message", () => messages.received++);
} else {
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      add.call(this, "message", () => messages.received++);
    }
    postMessage(...args) {
      messages.sent++;
      return super.postMessage(...args);
    }
  };
}

export function countHere() {
  for (const entry of listeners) if (!entry.target.deref() || !entry.listener.deref()) listeners.delete(entry);
  return { listeners: listeners.size, timers: timers.size, ...messages };
}

// The worker's are asked for from the page.
const channel = new BroadcastChannel("counting");
export function countThere() {
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => data !== "count" && resolve(data);
    channel.postMessage("count");
  });
}
if (typeof Window === "undefined") {
  channel.onmessage = ({ data }) => data === "count" && channel.postMessage(countHere());
}
