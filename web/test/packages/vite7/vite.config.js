export default {
  optimizeDeps: { exclude: ["runstream"] },
};
