// Files come in by dropping them anywhere on the page, or through the file and folder pickers.

// Calls `onFiles` with [{file, path}]; the path is relative and becomes the document's external id.
export function startDropping(onFiles) {
  const target = document.getElementById("drop-target");
  let depth = 0;
  const show = (shown) => {
    target.hidden = !shown;
  };
  document.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    show(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth -= 1;
    if (depth <= 0) show(false);
  });
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show(false);
    onFiles(await filesOf(event.dataTransfer));
  });

  document.addEventListener("click", (event) => {
    const picker = event.target.closest("[data-picks]");
    if (picker) document.getElementById(picker.dataset.picks).click();
  });
  for (const id of ["pick-files", "pick-folder"]) {
    const input = document.getElementById(id);
    input.addEventListener("change", () => {
      const files = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
      input.value = "";
      onFiles(files.filter(isWanted));
    });
  }
}

function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

// .DS_Store and its like come along with every folder.
function isWanted({ path }) {
  return !path.split("/").some((part) => part.startsWith("."));
}

async function filesOf(transfer) {
  // The entries must be taken before the first await: afterwards the browser has emptied the list.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  // Not every source of a drop (a mail program, say) offers entries; its files come without folders.
  if (entries.length === 0) found.push(...[...transfer.files].map((file) => ({ file, path: file.name })));
  for (const entry of entries) await collect(entry, "", found);
  return found.filter(isWanted);
}

async function collect(entry, folder, found) {
  const path = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A reader gives a hundred entries at a time, and none when it is through.
    const children = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (children.length === 0) return;
    for (const child of children) await collect(child, `${path}/`, found);
  }
}
