/** Files out of what was dropped or chosen. */

const NIFTI = /\.nii(\.gz)?$/i;
const SIDECAR = /\.json$/i;
const SLICE = /(^|\/)Mets_[^/]+\/(?:[0-3]|seg)\/\d+\.png$/; // BrainMetShare has no other geometry
const dropped = new WeakMap<File, string>();

const pathOf = (file: File): string =>
  (dropped.get(file) ?? (file.webkitRelativePath || file.name)).replace(/^\/+/, "");

/**
 * The paths of those files that are part of a data set (NIfTI, side-cars, slices): names say which
 * sequence they are. The names of all other files stay here, for they may name a patient.
 */
export function datasetPaths(files: readonly File[]): Map<File, string> {
  const paths = files.map((file) => [file, pathOf(file)] as const);
  const volumes = new Set(paths.map(([, path]) => path).filter((path) => NIFTI.test(path)));
  const stems = new Set([...volumes].map((path) => path.replace(NIFTI, "")));
  return new Map(
    paths.filter(
      ([, path]) =>
        volumes.has(path) ||
        (SIDECAR.test(path) && stems.has(path.replace(SIDECAR, ""))) ||
        SLICE.test(path),
    ),
  );
}

/** Every file of what was dropped, folders and all. */
export async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const found = await Promise.all(entries.flatMap((entry) => (entry ? [walk(entry)] : [])));
  return found.flat();
}

async function walk(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => {
      (entry as FileSystemFileEntry).file(done, fail);
    });
    dropped.set(file, entry.fullPath);
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((done, fail) => {
      reader.readEntries(done, fail);
    });
    if (part.length === 0) break;
    all.push(...part);
  }
  return (await Promise.all(all.map(walk))).flat();
}

/** Hand on what is chosen in inputs. */
export function chosenFiles(ids: readonly string[], deliver: (files: readonly File[]) => void): void {
  for (const id of ids) {
    const input = document.getElementById(id);
    if (input instanceof HTMLInputElement) {
      input.addEventListener("change", () => {
        deliver([...(input.files ?? [])]);
      });
    }
  }
}
