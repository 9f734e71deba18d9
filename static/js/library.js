// The list of collections.

import { startDialogs } from "./dialogs.js";

startDialogs();
