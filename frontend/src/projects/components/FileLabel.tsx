import type { FileChange } from '../git';

/** The name of a changed file, in the colour of what became of it. */
export function FileLabel({ file }: { file: FileChange }): JSX.Element {
  return (
    <span className={`atrium-List-label atrium-mod-${file.change}`} title={`${file.path}: ${file.change}`}>
      {file.path}
    </span>
  );
}

/** How many lines of it were added and removed. */
export function lineCounts(file: FileChange): string {
  return file.added || file.removed ? `+${file.added} −${file.removed}` : '';
}
