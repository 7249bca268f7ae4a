import * as esbuild from 'esbuild';
import { fileURLToPath } from 'node:url';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const development = process.argv.includes('--dev');

/** The page for stakeholders: viewer.js and viewer.css, which the server sends as they are. */
const options = {
  entryPoints: { viewer: here('main.tsx') },
  outdir: here('../../server/workspace_server/dashboards/static'),
  bundle: true,
  define: { 'process.env.NODE_ENV': JSON.stringify(development ? 'development' : 'production') },
  format: 'esm',
  jsx: 'automatic',
  legalComments: 'none',
  logLevel: 'warning',
  minify: !development,
  sourcemap: development ? 'inline' : false,
  target: ['chrome110', 'firefox115', 'safari16']
};

if (process.argv.includes('--watch')) {
  await (await esbuild.context(options)).watch();
} else {
  await esbuild.build(options);
}
