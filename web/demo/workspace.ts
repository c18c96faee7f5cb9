const KEY = "runstream-demo.workspace";

// The last name holds a mark that turns the rest around: it looks like a PDF wherever such marks are not shown.
const FILES = ["build.log", "debug.log", "notes.md", "todo.txt", "holiday.jpg", "invoice\u202efdp.exe"];

/** The files that the agents look after. They live in the browser and are the same in every tab. */
export class Workspace extends EventTarget {
  constructor() {
    super();
    addEventListener("storage", ({ key }) => {
      if (key === KEY || key === null) this.#changed();
    });
  }

  files(): readonly string[] {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
      if (Array.isArray(kept) && kept.every((name) => typeof name === "string")) return kept;
    } catch {
      // Not readable: begin anew.
    }
    return FILES;
  }

  /** How many files are gone. */
  deletions(): number {
    return FILES.length - this.files().length;
  }

  /** Throws where there is no such file. */
  delete(name: string): void {
    const files = this.files();
    if (!files.includes(name)) throw new Error(`There is no file ${name}.`);
    localStorage.setItem(KEY, JSON.stringify(files.filter((file) => file !== name)));
    this.#changed();
  }

  restore(): void {
    localStorage.removeItem(KEY);
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
