/** Files out of what was dropped or chosen. */

/** Every file of what was dropped, folders and all. */
export async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const found = await Promise.all(entries.flatMap((entry) => (entry ? [walk(entry)] : [])));
  return found.flat();
}

async function walk(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    return [await new Promise<File>((done, fail) => {
      (entry as FileSystemFileEntry).file(done, fail);
    })];
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
