// Looks again after a few seconds while something is under way; without JavaScript the page reloads itself instead.
"use strict";
const following = document.querySelector("[data-follow-seconds]");
if (following) setTimeout(() => location.reload(), 1000 * Number(following.dataset.followSeconds));
