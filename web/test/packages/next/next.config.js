export default {
  output: "export",
};
