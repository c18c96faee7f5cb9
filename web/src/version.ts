/** The version of this package and of the engine that belongs to it. */
export const version = "0.1.0";
