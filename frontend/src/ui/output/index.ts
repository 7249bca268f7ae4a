/** What outputs look like, in notebooks and on dashboards alike: React and chart.js only, nothing of JupyterLab. */
export { type Chart, type ChartColumns, type ChartKind, chartOf, chooseColumns } from './chart';
export { ChartView } from './ChartView';
export { Dropdown, type DropdownProps } from './Dropdown';
export { type Cell, type Column, readTable, type TableData } from './table';
export { TableView, type TableViewProps } from './TableView';
export { type Choice, isPythonName, readWidget, type WidgetData } from './widget';

export const TABLE_MIME = 'application/vnd.atrium.table+json';
export const WIDGET_MIME = 'application/vnd.atrium.widget+json';
