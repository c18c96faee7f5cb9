import { type FromWorker, openHost, type ToHost } from "./host.js";

const post = (message: FromWorker): void => {
  const bytes = "batch" in message ? message.batch : "snapshot" in message ? message.snapshot : undefined;
  self.postMessage(message, bytes ? { transfer: [bytes] } : {});
};
const receive = openHost(post);
self.addEventListener("message", (event: MessageEvent<ToHost>) => receive(event.data));

// No event tells the page that its worker was killed. That a lock comes free does.
const lock = `runstream worker ${Math.random()}`;
void globalThis.navigator?.locks
  ?.request(lock, () => {
    post({ type: "alive", lock });
    return new Promise(() => {});
  })
  .catch(() => {}); // the page's origin may have no locks
