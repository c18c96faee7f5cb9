import { find } from "./dom.js";

const KEY = "runstream-demo.theme";

/** Lets the visitor turn what the system prefers around, and keeps that. */
export function offerTheme(): void {
  const button = find("[data-theme-toggle]", HTMLButtonElement);
  const root = document.documentElement;
  const kept = localStorage.getItem(KEY);
  if (kept === "light" || kept === "dark") root.dataset["theme"] = kept;
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    root.dataset["theme"] = theme;
    localStorage.setItem(KEY, theme);
  });
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
