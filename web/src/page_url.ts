/** Makes an address of the page's absolute, as it must be before it is given to a worker. Throws where it is none. */
export function pageURL(url: string | URL): string {
  return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
}
