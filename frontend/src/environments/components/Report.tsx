import { useState } from 'react';

import { Button, checkIcon, ErrorNote, List } from '../../ui';
import type { InstalledPackage, PackageChange, Report, ReportModel } from '../report';
import { packages, why } from '../words';
import { LockFileNote } from './LockFile';

/** Pins before and after. */
export function Pins({ label, changes }: { label: string; changes: PackageChange[] }): JSX.Element {
  return changes.length ? (
    <ul className="atrium-Report-pins" aria-label={label}>
      {changes.map(one => (
        <li key={one.name}>
          <span className="atrium-List-label">{one.name}</span>
          <span className="atrium-Muted">{one.before || 'not there'}</span>
          <span aria-label="becomes">→</span>
          <span>{one.after || 'gone'}</span>
        </li>
      ))}
    </ul>
  ) : (
    <p className="atrium-Muted">No version changes.</p>
  );
}

/** What is different from the branch that others start from. */
export function Changes({ report }: { report: Report }): JSX.Element {
  return (
    <section aria-label={`Changed since ${report.base}`}>
      <h3>Changed since {report.base}</h3>
      {report.base_error ? (
        <ErrorNote error={report.base_error} />
      ) : (
        <Pins label={`Changed since ${report.base}`} changes={report.changes ?? []} />
      )}
    </section>
  );
}

/** Every package, and why it is there; `report` null while loading. */
export function Installed({ report }: { report: Report | null }): JSX.Element {
  return (
    <section aria-label="Installed">
      <h3>{report ? packages(report.packages.length) : 'Packages'}</h3>
      <List<InstalledPackage>
        label="Packages"
        className="atrium-Report-packages"
        items={report?.packages ?? null}
        itemKey={one => one.name}
        searchText={one => one.name}
      >
        {one => (
          <>
            <span className="atrium-Report-name">{one.name}</span>
            <span className="atrium-Number">{one.version}</span>
            <span className="atrium-List-label atrium-Muted" title={why(one)}>
              {why(one)}
            </span>
          </>
        )}
      </List>
    </section>
  );
}

/** The lock, to be read and taken elsewhere, and that which the project keeps. */
export function Lock({ model, report }: { model: ReportModel; report: Report }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(report.lock);
    setCopied(true);
  };
  return (
    <section aria-label="Lock">
      <h3>Lock</h3>
      <details>
        <summary>Exact versions and hashes, as pip and uv read them</summary>
        <pre tabIndex={0}>{report.lock}</pre>
      </details>
      {/* Browsers give the clipboard to secure pages only; elsewhere the text is there to be selected. */}
      {navigator.clipboard ? (
        <Button icon={copied ? checkIcon : undefined} onClick={() => void copy()}>
          {copied ? 'Copied' : 'Copy the lock'}
        </Button>
      ) : null}
      <LockFileNote
        lock={report.lock_file ?? null}
        source={report.source}
        mayWrite={model.mayWrite}
        onWrite={() => model.writeLock()}
      />
    </section>
  );
}
