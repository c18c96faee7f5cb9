/** All that options have, also what comes from their class; its methods keep their `this`. */
export function whole<Given extends object>(given: Given | null | undefined): Given {
  const copy: { [key: string]: unknown } = {};
  for (let from: object | null | undefined = given; from && from !== Object.prototype; from = Object.getPrototypeOf(from) as object | null) {
    for (const key of Object.getOwnPropertyNames(from)) {
      if (key in copy) continue;
      const value = given?.[key as keyof Given] as unknown;
      copy[key] = typeof value === "function" && from !== given ? value.bind(given) : value;
    }
  }
  return copy as Given;
}
