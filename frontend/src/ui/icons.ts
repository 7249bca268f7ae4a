import { LabIcon } from '@jupyterlab/ui-components';

/** One style: 16 px, outlines of 1.5 px with round ends, in the colour of the text around them. */
function icon(name: string, paths: string): LabIcon {
  return new LabIcon({
    name: `jupyter-atrium:${name}`,
    svgstr:
      '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16" fill="none" ' +
      `stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">${paths}</svg>`
  });
}

export const branchIcon = icon(
  'branch',
  '<circle cx="4.5" cy="3.5" r="1.5"/><circle cx="4.5" cy="12.5" r="1.5"/><circle cx="11.5" cy="5.5" r="1.5"/>' +
    '<path d="M4.5 5v6M11.5 7c0 2.5-2 3-4 3.2-1.5.2-3 .6-3 .8"/>'
);
export const calendarIcon = icon(
  'calendar',
  '<rect x="2" y="3" width="12" height="11" rx="1.5"/><path d="M2 6.5h12M5.5 1.5v3M10.5 1.5v3"/>'
);
export const checkIcon = icon('check', '<path d="M3 8.5l3.5 3.5L13 4.5"/>');
export const closeIcon = icon('close', '<path d="M4 4l8 8M12 4l-8 8"/>');
export const clusterIcon = icon(
  'cluster',
  '<rect x="6" y="1.5" width="4" height="4" rx="1"/><rect x="1.5" y="10.5" width="4" height="4" rx="1"/>' +
    '<rect x="10.5" y="10.5" width="4" height="4" rx="1"/><path d="M8 5.5V8M3.5 10.5V8h9v2.5"/>'
);
export const commentIcon = icon(
  'comment',
  '<path d="M3.5 2.5h9A1.5 1.5 0 0 1 14 4v5.5a1.5 1.5 0 0 1-1.5 1.5H8l-3.5 3v-3h-1A1.5 1.5 0 0 1 2 9.5V4a1.5 1.5 0 0 1 1.5-1.5z"/>'
);
export const dashboardIcon = icon(
  'dashboard',
  '<rect x="2" y="2" width="5" height="7" rx="1"/><rect x="9" y="2" width="5" height="3.5" rx="1"/>' +
    '<rect x="2" y="11.5" width="5" height="2.5" rx="1"/><rect x="9" y="8" width="5" height="6" rx="1"/>'
);
export const historyIcon = icon(
  'history',
  '<path d="M2.500 8A5.500 5.500 0 1 0 4.300 3.900L2.500 5.500"/><path d="M2.500 2.500v3h3"/><path d="M8 5v3l2 1.500"/>'
);
export const keyIcon = icon(
  'key',
  '<circle cx="5" cy="11" r="2.500"/><path d="M7 9l6-6M10.500 5.500l2 2M12.500 3.500l1.500 1.500"/>'
);
export const linkIcon = icon(
  'link',
  '<path d="M6.5 9.5a3 3 0 0 0 4.300 0l2-2a3 3 0 0 0-4.300-4.300l-.8.8"/><path d="M9.5 6.5a3 3 0 0 0-4.300 0l-2 2a3 3 0 0 0 4.300 4.300l.8-.8"/>'
);
export const moreIcon = icon('more', '<path d="M3.500 8v.01M8 8v.01M12.500 8v.01" stroke-width="2"/>');
export const packageIcon = icon(
  'package',
  '<path d="M8 1.5l5.5 3v7L8 14.5l-5.5-3v-7z"/><path d="M2.5 4.5L8 7.5l5.5-3M8 7.5v7"/>'
);
export const pinIcon = icon(
  'pin',
  '<path d="M5.5 2h5M6.500 2v4.500L4 9.500h8L9.500 6.500V2"/><path d="M8 9.500V14"/>'
);
export const playIcon = icon('play', '<path d="M4.5 2.5v11l8.5-5.5z"/>');
export const plusIcon = icon('plus', '<path d="M8 3v10M3 8h10"/>');
export const projectIcon = icon(
  'project',
  '<path d="M2 12V4a1 1 0 0 1 1-1h3.5L8 5h5a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1z"/><path d="M5 9h6"/>'
);
export const refreshIcon = icon(
  'refresh',
  '<path d="M13.5 8A5.5 5.5 0 1 1 11.800 4"/><path d="M12.5 1.5v3h-3"/>'
);
export const tableIcon = icon(
  'table',
  '<rect x="2" y="2.5" width="12" height="11" rx="1.5"/><path d="M2 6.5h12M2 10h12M6.5 6.5v7"/>'
);
export const warningIcon = icon('warning', '<path d="M8 2l6.5 11.5h-13z"/><path d="M8 6.5v3M8 11.5v.01"/>');
