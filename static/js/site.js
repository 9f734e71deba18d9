// What every signed-in page does.

import { startConversationList } from "./conversations.js";
import { startDrawer } from "./drawer.js";
import { startMenus } from "./menus.js";
import { startThemeChoice } from "./theme-choice.js";
import { localiseTimes } from "./times.js";

startDrawer();
startMenus();
startThemeChoice();
startConversationList();
localiseTimes(document);
document.body.addEventListener("htmx:load", (event) => localiseTimes(event.target));
