import { ReactWidget } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

import { branchIcon, Chip, useModel } from '../ui';
import { BranchMenu } from './components/BranchMenu';
import type { OpenedBranch, Place, ProjectsModel } from './model';
import type { Navigator } from './navigate';
import { branchTitle, distance } from './words';

interface BranchChipProps {
  model: ProjectsModel;
  navigator: Navigator;
  panel: NotebookPanel;
  path: () => string;
  openGit: (project: string, branch: string) => void;
}

function BranchChip({ model, navigator, panel, path, openGit }: BranchChipProps): JSX.Element | null {
  useModel(model);
  const place = model.place(path());
  if (!place) {
    return null;
  }
  const { project, branch } = place;
  const go = async (open: (place: Place) => Promise<OpenedBranch>) => {
    if (panel.context.model.sharedModel.dirty) {
      await panel.context.save();
    }
    await navigator.replace(panel, await open(place), project);
  };
  const away = distance(branch);
  return (
    <Chip
      icon={branchIcon}
      label={
        <>
          {branch.name}
          {away ? <span className="atrium-BranchChip-distance"> {away}</span> : null}
          {branch.changes ? <span className="atrium-Count">{branch.changes}</span> : null}
        </>
      }
      title={branchTitle(branch)}
      state={branch.conflicts ? 'error' : 'quiet'}
      menu={close => (
        <BranchMenu
          model={model}
          place={place}
          onCreate={name => go(at => model.create(at.project.id, name, at.branch.name, path()))}
          onSwitch={name => go(at => model.switchTo(at.project.id, name, path()))}
          onGit={() => openGit(project.id, branch.name)}
          onClose={close}
        />
      )}
    />
  );
}

/** The chip for a notebook's toolbar; empty outside any project. */
export function branchChip(props: BranchChipProps): Widget {
  const widget = ReactWidget.create(<BranchChip {...props} />);
  widget.addClass('atrium-ToolbarChip');
  return widget;
}
