import type { ComputerAction } from "../../src/index.js";

/** What a computer is asked to do, in the order of the recorded cases. */
export function clicks({ type, x, y, button, scroll_x, scroll_y, keys, text, path }: ComputerAction): unknown[] {
  switch (type) {
    case "click":
      return [x, y, button];
    case "double_click":
    case "move":
      return [x, y];
    case "scroll":
      return [x, y, scroll_x, scroll_y];
    case "type":
      return [text];
    case "keypress":
      return [keys];
    case "drag":
      return [path.map((point) => [point.x, point.y])];
    case "wait":
      return [];
  }
}
