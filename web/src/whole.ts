/** All that options have, also what comes from their class. Their functions keep their `this`. */
export function whole<Given extends object>(given: Given | null | undefined): Given {
  const copy: { [key: string]: unknown } = {};
  for (let from: object | null | undefined = given; from && from !== Object.prototype; from = Object.getPrototypeOf(from) as object | null) {
    for (const key of Object.getOwnPropertyNames(from)) {
      if (key in copy) continue;
      const value = given?.[key as keyof Given] as unknown;
      // A run's context is the page's own, whatever it is, and the schemas of some libraries are functions.
      const isData = typeof value !== "function" || key === "context" || "~standard" in value;
      copy[key] = isData ? value : value.bind(given);
    }
  }
  return copy as Given;
}
