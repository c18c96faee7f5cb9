// Imports the package where reading any global of a page throws.
const before = Reflect.ownKeys(globalThis).length;
const forbidden = ["window", "self", "document", "location", "navigator", "Worker", "fetch", "WebAssembly", "localStorage", "indexedDB"];
for (const name of forbidden) {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      throw new Error(`${name} was read`);
    },
  });
}
const { Agent } = await import("runstream");
const { ScriptedModel } = await import("runstream/testing");
for (const name of forbidden) delete globalThis[name];
if (Reflect.ownKeys(globalThis).length > before) throw new Error("a global was left");

const files = ["runstream/runstream.wasm", "runstream/worker"].map((file) => import.meta.resolve(file).split("/").at(-1));
console.log([Agent.name && "Agent", ScriptedModel.name && "ScriptedModel", ...files].join(", "));
