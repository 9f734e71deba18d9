// A collection's page.

import { startAlike } from "./alike.js";
import { startDialogs } from "./dialogs.js";
import { startDocuments } from "./documents.js";
import { startDropping } from "./dropping.js";
import { startGrants } from "./grants.js";
import { startLive } from "./live.js";
import { Uploads } from "./uploads.js";

startAlike();
startDialogs();
startGrants();
startLive();

if (document.getElementById("uploads")) {
  const uploads = new Uploads();
  startDropping((files) => uploads.add(files));
  startDocuments();
}
