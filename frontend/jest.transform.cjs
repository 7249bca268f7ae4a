const esbuild = require('esbuild');
const { extname } = require('node:path');

/** Tests compile with what bundles the viewer; tsc checks their types. */
module.exports = {
  process(source, path) {
    const { code, map } = esbuild.transformSync(source, {
      format: 'cjs',
      jsx: 'automatic',
      loader: extname(path).slice(1),
      sourcefile: path,
      sourcemap: 'external',
      target: 'node20'
    });
    return { code, map };
  }
};
