// Pages of rules and verified answers.

import { startDialogs } from "./dialogs.js";

startDialogs();
