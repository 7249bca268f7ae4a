import { useEffect, useMemo, useRef, useState } from 'react';

import type { Wire } from '../../api/wire';
import { readTable, TableView } from '../../ui/output';

export type Output = Wire<'Output'>;

/** Numbers alone on their tile are written large. */
const NUMBER = /^[-+]?[\d.,' ]{1,20}\s?%?$/;
const SHORTEST = 40;
const TALLEST = 2_000;

export interface OutputProps {
  output: Output;
  /** Where the server's dashboards are: pages for outputs that need scripts lie below it. */
  base: string;
  /** What it shows, for those who cannot see it. */
  title: string;
}

/** One output of a tile. It needs `style/output.css` and `style/dashboard-output.css`, and nothing of JupyterLab. */
export function OutputView(props: OutputProps): JSX.Element | null {
  const { output, title } = props;
  switch (output.kind) {
    case 'table':
      return <Table data={output.table} />;
    case 'image':
      return (
        <img
          className="atrium-Picture"
          src={output.image}
          alt={output.text || title}
          {...(output.width && output.height ? { width: output.width, height: output.height } : {})}
        />
      );
    case 'html':
      // The server has taken out whatever runs, loads or overlays.
      return <div className="atrium-Html" dangerouslySetInnerHTML={{ __html: output.html ?? '' }} />;
    case 'frame':
      return <Frame address={`${props.base}frame/html`} title={title} content={{ html: output.frame }} />;
    case 'plotly':
      return output.plotly ? (
        <Frame address={props.base + output.plotly} title={title} content={{ figure: output.figure }} />
      ) : (
        <p className="atrium-Quiet">This chart can be drawn once the notebook has run on a schedule.</p>
      );
    case 'error':
      return (
        <p className="atrium-Failed" role="note">
          This part failed: {output.text}
        </p>
      );
    case 'text':
      return NUMBER.test((output.text ?? '').trim()) ? (
        <p className="atrium-Figure">{(output.text ?? '').trim()}</p>
      ) : (
        <pre className="atrium-Text">{output.text}</pre>
      );
    default:
      return null;
  }
}

function Table(props: { data: unknown }): JSX.Element | null {
  const table = useMemo(() => readTable(props.data), [props.data]);
  return table ? <TableView table={table} /> : null;
}

/** Content with scripts of its own, in a page that can reach nothing; it is handed over by message. */
function Frame(props: { address: string; title: string; content: Record<string, unknown> }): JSX.Element {
  const { address, content } = props;
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState<number | null>(null);
  const dark = useDark();

  useEffect(() => {
    const onMessage = (event: MessageEvent) => {
      const target = frame.current?.contentWindow;
      const said = event.data as { atrium?: unknown; height?: unknown } | null;
      if (!target || event.source !== target) {
        return;
      }
      if (said?.atrium === 'ready') {
        // The sandboxed page has no origin that could be named.
        target.postMessage({ ...content, dark }, '*');
      } else if (said?.atrium === 'height' && typeof said.height === 'number') {
        setHeight(Math.ceil(Math.min(TALLEST, Math.max(SHORTEST, said.height))));
      }
    };
    window.addEventListener('message', onMessage);
    return () => window.removeEventListener('message', onMessage);
  }, [content, dark]);

  return (
    <iframe
      key={String(dark)}
      ref={frame}
      className="atrium-Frame"
      src={address}
      sandbox="allow-scripts"
      title={props.title || 'Chart'}
      height={height ?? 320}
    />
  );
}

/** Whether the page around is dark: by JupyterLab's theme where there is one, else by the reader's system. */
function useDark(): boolean {
  const [dark, setDark] = useState(isDark);
  useEffect(() => {
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    const onChange = () => setDark(isDark());
    scheme.addEventListener('change', onChange);
    return () => scheme.removeEventListener('change', onChange);
  }, []);
  return dark;
}

function isDark(): boolean {
  const light = document.body.dataset['jpThemeLight'];
  return light === undefined ? window.matchMedia('(prefers-color-scheme: dark)').matches : light === 'false';
}
