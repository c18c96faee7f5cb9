import { openHost, type ToHost } from "./host.js";

const receive = openHost((message) => self.postMessage(message));
self.addEventListener("message", (event: MessageEvent<ToHost>) => receive(event.data));
