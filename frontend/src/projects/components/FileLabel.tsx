import type { FileChange } from '../git';

/** The path of a changed file, in the colour of what became of it. Where it is narrow, the folder goes before the name. */
export function FileLabel({ file }: { file: FileChange }): JSX.Element {
  const name = file.path.lastIndexOf('/') + 1;
  return (
    <span
      className={`atrium-List-label atrium-File atrium-mod-${file.change}`}
      title={`${file.path}: ${file.change}`}
    >
      {name ? <span className="atrium-File-folder">{file.path.slice(0, name)}</span> : null}
      <span className="atrium-File-name">{file.path.slice(name)}</span>
    </span>
  );
}

/** How many lines of it were added and removed. */
export function lineCounts(file: FileChange): string {
  return file.added || file.removed ? `+${file.added} −${file.removed}` : '';
}
