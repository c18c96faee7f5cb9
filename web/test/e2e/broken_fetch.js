// Makes fetch answer the first request to a model as no platform would, but as broken stand-ins for it do.
const ways = {
  "throws at once": () => {
    throw new TypeError("no fetch today");
  },
  "rejects with nothing": () => Promise.reject(undefined),
  "rejects with what cannot be read": () => Promise.reject(revoked()),
  "answers with nothing": () => Promise.resolve(undefined),
  "answers with an empty object": () => Promise.resolve({}),
  "answers with what cannot be read": () => Promise.resolve(revoked()),
  "answers without a body": () => Promise.resolve(answer(null)),
  "answers with a body that is being read": () => {
    const response = answer(new ReadableStream());
    response.body.getReader();
    return Promise.resolve(response);
  },
  "answers with a body that fails": () =>
    Promise.resolve(answer(new ReadableStream({ pull: () => Promise.reject(new Error("worn out")) }))),
  "answers with a body that is no bytes": () => Promise.resolve(answer(new ReadableStream({ pull: (body) => body.enqueue("text") }))),
  "answers with a body of numbers": () => Promise.resolve(answer(new ReadableStream({ pull: (body) => body.enqueue(7) }))),
  "answers with a body of objects": () => Promise.resolve(answer(new ReadableStream({ pull: (body) => body.enqueue({ byteLength: 3 }) }))),
  "answers with reads that give nothing": () => {
    const response = answer(new ReadableStream());
    const reader = { read: () => Promise.resolve(undefined), cancel: () => Promise.resolve() };
    return Promise.resolve(Object.defineProperty(response, "body", { value: { getReader: () => reader } }));
  },
  "answers with reads that throw": () => {
    const response = answer(new ReadableStream());
    const reader = {
      read: () => {
        throw new Error("worn out");
      },
    };
    return Promise.resolve(Object.defineProperty(response, "body", { value: { getReader: () => reader } }));
  },
};

function answer(body) {
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function revoked() {
  const { proxy, revoke } = Proxy.revocable(() => {}, {});
  revoke();
  return proxy;
}

export function breakFetch(way) {
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    if (!String(input).endsWith("/responses")) return fetch(input, init);
    globalThis.fetch = fetch;
    return ways[way]();
  };
}
