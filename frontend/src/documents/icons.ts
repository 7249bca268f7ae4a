import { LabIcon } from '@jupyterlab/ui-components';

/** In the style of `ui/icons.ts`. */
function icon(name: string, paths: string): LabIcon {
  return new LabIcon({
    name: `jupyter-atrium:${name}`,
    svgstr:
      '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16" fill="none" ' +
      `stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">${paths}</svg>`
  });
}

export const offlineIcon = icon(
  'offline',
  '<path d="M4.5 12.5h7a2.8 2.8 0 0 0 .6-5.5 4.200 4.200 0 0 0-6-2.700M4.300 6.300a3.200 3.200 0 0 0 .2 6.200"/><path d="M2 2l12 12"/>'
);
export const lockIcon = icon(
  'lock',
  '<rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>'
);
