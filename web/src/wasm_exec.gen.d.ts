/** What the toolchain's wasm_exec.js gives to run a Go program. */
export interface GoProgram {
  readonly importObject: WebAssembly.Imports;
  /** Called with the exit code when the program ends. */
  exit: (code: number) => void;
  /** Resolves when the program ends, also when it ended by a panic. */
  run(instance: WebAssembly.Instance): Promise<void>;
  /** Every way back into the program leads through it. */
  _resume(): void;
  readonly _scheduledTimeouts: Map<number, ReturnType<typeof setTimeout>>;
}

/** Runs wasm_exec.js with `scope` as its `globalThis`, so that it leaves nothing on the real one. */
export default function wasmExec(scope: object): new () => GoProgram;
