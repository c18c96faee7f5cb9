import { element, fill, find } from "./dom.js";
import { data } from "./visible.js";
import type { Workspace } from "./workspace.js";

/** Lists the workspace's files, and keeps the list as they are. */
export function showWorkspace(workspace: Workspace): void {
  const list = find("[data-workspace]", HTMLElement);
  const note = find("[data-workspace-note]", HTMLElement);
  const rows = new Map<string, HTMLElement>();

  const show = (): void => {
    const files = workspace.files();
    for (const [name, row] of rows) {
      if (files.includes(name)) continue;
      rows.delete(name);
      row.removeAttribute("data-file");
      row.classList.add("leaving");
      void Promise.allSettled(row.getAnimations().map(({ finished }) => finished)).then(() => row.remove());
    }
    for (const name of files) {
      const row = rows.get(name) ?? element("li", { "data-file": name }, element("span", { class: "file-name" }, ...data(name)));
      rows.set(name, row);
      list.append(row);
    }
    const deletions = workspace.deletions();
    fill(note, ...(deletions ? [`${deletions} deleted, each after a yes.`] : []));
    note.dataset["deletions"] = String(deletions);
  };

  workspace.addEventListener("change", show);
  show();
}
