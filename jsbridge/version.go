package jsbridge

// Version is the version of the engine and of the npm package that belongs to
// it. The page compares the two.
const Version = "0.1.0"
