/**
 * Atrium's plugins for JupyterLab, a folder per room:
 *
 * - `<room>/plugin.ts`  exports an array of plugins by default; they require `IAtrium` of `app/tokens.ts`
 * - `<room>/tokens.ts`  what other rooms may require of this one
 * - `<room>/model.ts`   fetches, keeps and refreshes what is shown; has `changed: ISignal`; the only one to use the client
 * - `<room>/panel.tsx`  React over the model (`ui/useModel`), made of the pieces of `ui/`; `components/` for its parts
 * - `style/<room>.css`  where `style/ui.css` is not enough, imported by `style/index.css`
 *
 * A new room is one import and one entry here.
 */
import access from './access/plugin';
import app from './app/plugin';
import clusters from './clusters/plugin';
import comments from './comments/plugin';
import environments from './environments/plugin';
import dashboards from './dashboards/plugin';
import documents from './documents/plugin';
import jobs from './jobs/plugin';
import output from './output/plugin';
import projects from './projects/plugin';
import tables from './tables/plugin';

export default [
  ...app,
  ...access,
  ...projects,
  ...environments,
  ...clusters,
  ...comments,
  ...dashboards,
  ...documents,
  ...output,
  ...tables,
  ...jobs
];
