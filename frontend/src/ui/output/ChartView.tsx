import {
  BarController,
  BarElement,
  CategoryScale,
  Chart as ChartJs,
  type ChartConfiguration,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
  Tooltip
} from 'chart.js';
import { useEffect, useRef } from 'react';

import type { Chart } from './chart';
import { timeTicks } from './ticks';

ChartJs.register(
  BarController,
  BarElement,
  CategoryScale,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
  Tooltip
);

/** Drawn with points as well as lines below this many values along x. */
const MOST_POINTS = 60;

/** A chart in the colours of the theme around it. */
export function ChartView(props: { chart: Chart }): JSX.Element {
  const { chart } = props;
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const element = canvas.current;
    if (!element) {
      return;
    }
    let drawn = new ChartJs(element, configuration(chart, colours(element)));
    const redraw = () => {
      drawn.destroy();
      drawn = new ChartJs(element, configuration(chart, colours(element)));
    };
    // A canvas does not follow CSS variables by itself.
    const themes = new MutationObserver(redraw);
    themes.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name', 'class'] });
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', redraw);
    return () => {
      themes.disconnect();
      scheme.removeEventListener('change', redraw);
      drawn.destroy();
    };
  }, [chart]);

  return (
    <div className="atrium-Chart">
      <canvas ref={canvas} role="img" aria-label={description(chart)} />
    </div>
  );
}

/** What a person who does not see it is told. */
export function description(chart: Chart): string {
  const what = chart.yTitle || chart.series.map(series => series.label).join(', ');
  const split = chart.yTitle && chart.series.length > 1 ? `, ${chart.series.length} series` : '';
  return `${chart.kind} chart of ${what} by ${chart.xTitle}${split}`;
}

interface Colours {
  text: string;
  grid: string;
  font: string;
  series: string[];
}

function colours(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: style.color,
    // As a colour, resolved: a variable may hold an expression, which a canvas does not understand.
    grid: style.borderTopColor,
    font: style.fontFamily,
    series: [1, 2, 3, 4, 5, 6, 7].map(number => value(`--atrium-chart-${number}`))
  };
}

function configuration(chart: Chart, colours: Colours): ChartConfiguration {
  const longest = Math.max(0, ...chart.series.map(series => series.points.length));
  const time = chart.scale === 'time' ? ticksOf(chart) : null;
  const font = { family: colours.font, size: 12 };
  const axis = (title: string) => ({
    title: { display: title !== '', text: title, color: colours.text, font },
    grid: { color: colours.grid },
    border: { color: colours.grid }
  });
  return {
    type: chart.kind,
    data: {
      labels: chart.scale === 'label' ? chart.labels : undefined,
      datasets: chart.series.map((series, index) => {
        const colour = colours.series[index % colours.series.length] ?? colours.text;
        return {
          label: series.label,
          data: series.points.map(point => ({
            x: (chart.scale === 'label' ? chart.labels[point.x] : point.x) as number,
            y: point.y
          })),
          backgroundColor: colour,
          borderColor: colour,
          borderWidth: chart.kind === 'line' ? 2 : 0,
          pointRadius: chart.kind === 'line' && longest > MOST_POINTS ? 0 : 3,
          pointHitRadius: 8
        };
      })
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: chart.kind === 'scatter' ? 'nearest' : 'index', intersect: false, axis: 'x' },
      plugins: {
        legend: {
          display: chart.series.length > 1,
          position: 'top',
          align: 'start',
          labels: { color: colours.text, font, boxWidth: 12, boxHeight: 12 }
        },
        tooltip: {
          callbacks: time ? { title: items => (items[0] ? moment(items[0].parsed.x ?? 0) : '') } : {}
        }
      },
      scales: {
        x: {
          ...axis(chart.xTitle),
          type: chart.scale === 'label' ? 'category' : 'linear',
          offset: chart.kind === 'bar' || chart.scale === 'label',
          grid: { color: colours.grid, display: chart.scale !== 'label' },
          ...(time ? { min: time.from, max: time.to } : {}),
          ...(time
            ? {
                afterBuildTicks: (scale: { width: number; ticks: { value: number }[] }) => {
                  const most = Math.max(2, Math.floor(scale.width / 80));
                  scale.ticks = timeTicks(time.from, time.to, most).values.map(value => ({ value }));
                }
              }
            : {}),
          ticks: {
            color: colours.text,
            font,
            maxRotation: 30,
            ...(time
              ? {
                  callback(this: { width: number }, value: string | number) {
                    const most = Math.max(2, Math.floor(this.width / 80));
                    return timeTicks(time.from, time.to, most).label(Number(value));
                  }
                }
              : {})
          }
        },
        y: { ...axis(chart.yTitle), beginAtZero: chart.kind === 'bar', ticks: { color: colours.text, font } }
      }
    }
  };
}

function ticksOf(chart: Chart): { from: number; to: number } {
  const values = chart.series.flatMap(series => series.points.map(point => point.x));
  return { from: Math.min(...values), to: Math.max(...values) };
}

function moment(value: number): string {
  const text = new Date(value).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ');
}
