// The Reading Room in JupyterLab: cards for what a researcher needs first, how the workspace stands in the status bar, and
// word to the door that somebody is at it.
//
// JupyterLab takes an extension as a module federation container: an object with `init(shared)` and `get(module)`. This is
// one, as it stands: no bundler makes it, so there is no built file that could differ from its source.
"use strict";
(() => {
  const NAME = "@readingroom/lab";
  const CATEGORY = "Reading Room";
  const LOOK_MS = 30000; // how often the status bar asks,
  const SOON_MS = 5000; // and how often at most when the workspace closes soon
  const HERE_MS = 60000; // how often, at most, the door is told of somebody at work
  const BOOK = "M4 3h6a2 2 0 0 1 2 1.5A2 2 0 0 1 14 3h6v16h-6a2 2 0 0 0-2 1.5A2 2 0 0 0 10 19H4z M12 4.5V20";
  const LEAVE = "M5 3h9v4h-2V5H7v14h5v-2h2v4H5z M10 11h7l-2.5-2.5L16 7l5 5-5 5-1.5-1.5L17 13h-7z";
  const TABLE = "M3 4h18v16H3z M3 9h18 M3 14h18 M10 4v16";

  let shared;

  const load = async (name) => {
    const versions = Object.values(shared[name] || {});
    const found = versions.find((one) => one.loaded) || versions[0];
    if (!found) throw new Error(`JupyterLab shares no ${name}`);
    return (await found.get())();
  };

  // ---- asking the workspace's own server ----------------------------------------

  const asker = ({ ServerConnection }, { URLExt }) => {
    const settings = ServerConnection.makeSettings();
    return async (path) => {
      const address = URLExt.join(settings.baseUrl, "readingroom", path);
      const answer = await ServerConnection.makeRequest(address, { method: "GET" }, settings);
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message || `status ${answer.status}`);
      return answer.json();
    };
  };

  // ---- pages --------------------------------------------------------------------

  const element = (tag, text, ...inside) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text; // never as markup
    made.append(...inside);
    return made;
  };

  const codes = (column) => Object.entries(column.codes || {}).map(([code, label]) => `${code}: ${label}`).join("; ");

  const limits = (column) => {
    if (column.lower === null && column.upper === null) return "";
    return `${column.lower ?? "…"} to ${column.upper ?? "…"}`;
  };

  const row = (column) => {
    const name = element("th", column.name);
    name.scope = "row";
    const type = column.identifier ? `${column.type}, a pseudonym` : column.type;
    return element("tr", "", name, ...[column.label, type, codes(column) || limits(column)].map((text) => element("td", text)));
  };

  const table = (one) => {
    const head = ["Column", "Meaning", "Type", "Codes or range"].map((text) => {
      const cell = element("th", text);
      cell.scope = "col";
      return cell;
    });
    return element("table", "",
      element("caption", `${one.name}: ${one.label}`),
      element("thead", "", element("tr", "", ...head)),
      element("tbody", "", ...one.columns.map(row)));
  };

  const dataset = (one) => {
    const parts = [
      element("h2", one.title),
      element("p", `${one.department}. Mounted at /data/${one.slug}, version ${one.version}.`
        + (one.synthetic ? " Synthetic: nobody in it exists." : "")),
    ];
    if (one.known_issues.length) {
      parts.push(element("h3", "Known issues"), element("ul", "", ...one.known_issues.map((text) => element("li", text))));
    }
    return element("section", "", ...parts, ...one.tables.map(table));
  };

  const dictionary = (datasets) => {
    const page = element("div", "", element("h1", "Data dictionary"), element("p", datasets.length
      ? "What was granted to your project, as it is mounted here: these columns, and no others."
      : "No data are mounted here."), ...datasets.map(dataset));
    page.className = "rr-dictionary";
    page.tabIndex = 0; // it scrolls, so it must be reachable by keyboard; JupyterLab takes this from the node around it
    page.setAttribute("role", "group");
    page.setAttribute("aria-label", "Data dictionary");
    return element("div", "", page);
  };

  // ---- a notebook to ask for a release with ----------------------------------------

  const cell = (type, source) => ({
    cell_type: type, metadata: {}, source, ...(type === "code" ? { execution_count: null, outputs: [] } : {}),
  });

  const WORDS = [
    "# Ask for a release\n\nNothing leaves a workspace by itself. Say what each file shows, of whom, and why it is safe: "
      + "a checker reads this first. Change the cells below, and run them from top to bottom.",
    "## Check before you ask\n\nThe checks of the airlock, by your project's own rules. Nothing is sent.",
    "## Ask\n\nThe automatic checks take a few seconds; then two checkers look, without seeing each other's answer.",
  ];
  const RELEASES = {
    python3: {
      kernel: { name: "python3", display_name: "Python 3", language: "python" },
      code: [
        "import readingroom.sdk as rr\n\nfiles = [\"my-table.csv\"]  # what you saved with table.save(...), or any file of yours",
        "rr.preflight(*files)",
        "rr.request_release(\n    title=\"\",\n    purpose=\"\",   # what it is for: a paper, a report\n    outputs=files,\n"
          + "    context=\"\",   # what it shows, of whom, and why it is safe\n    controls=\"\",  # what you did: rounding, suppression\n)",
      ],
    },
    ir: {
      kernel: { name: "ir", display_name: "R", language: "R" },
      code: [
        "library(readingroom)\n\nfiles <- \"my-table.csv\"  # what you saved with people_table(..., path = ), or any file of yours",
        "preflight(files)",
        "request_release(title = \"\", purpose = \"\", paths = files,\n                context = \"\")  # what it shows, of whom, "
          + "and why it is safe",
      ],
    },
  };

  const release = (language) => ({
    cells: WORDS.flatMap((words, place) => [cell("markdown", words), cell("code", RELEASES[language].code[place])]),
    metadata: { kernelspec: RELEASES[language].kernel }, nbformat: 4, nbformat_minor: 4,
  });

  const unused = async (contents, folder, stem) => {
    const taken = new Set((await contents.get(folder, { content: true })).content.map((one) => one.name));
    for (let number = 1; ; number += 1) {
      const name = number === 1 ? `${stem}.ipynb` : `${stem} ${number}.ipynb`;
      if (!taken.has(name)) return folder ? `${folder}/${name}` : name;
    }
  };

  // ---- the three parts -----------------------------------------------------------

  const cards = async () => {
    const { ILauncher } = await load("@jupyterlab/launcher");
    const { MainAreaWidget, showErrorMessage } = await load("@jupyterlab/apputils");
    const { LabIcon } = await load("@jupyterlab/ui-components");
    const { Widget } = await load("@lumino/widgets");
    const ask = asker(await load("@jupyterlab/services"), await load("@jupyterlab/coreutils"));
    const icon = (name, path) => new LabIcon({
      name: `readingroom:${name}`,
      svgstr: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="${path}" fill="none" `
        + 'style="stroke: var(--jp-inverse-layout-color3)" stroke-width="1.8" stroke-linejoin="round"/></svg>',
    });
    const activate = (app, launcher) => {
      const { commands, serviceManager } = app;
      const add = (id, label, caption, symbol, run, rank) => {
        const attempt = async (given) => {
          try {
            return await run(given);
          } catch (error) {
            return showErrorMessage(label, error instanceof Error ? error : String(error));
          }
        };
        const isLauncher = (given) => Boolean(given && given.isLauncher);
        commands.addCommand(id, { label, caption, icon: (given) => (isLauncher(given) ? symbol : undefined), execute: attempt });
        launcher.add({ command: id, category: CATEGORY, rank, args: { isLauncher: true } });
      };
      const open = (path) => commands.execute("docmanager:open", { path });

      add("readingroom:welcome", "Welcome notebook", "Looks at the data, makes a safe table, and asks for its release",
        icon("welcome", BOOK), () => open("welcome.ipynb"), 1);

      add("readingroom:dictionary", "Data dictionary", "What was granted to your project, column by column",
        icon("dictionary", TABLE), async () => {
          const content = new Widget({ node: dictionary(await ask("dictionary")) });
          const page = new MainAreaWidget({ content });
          page.title.label = "Data dictionary";
          page.title.closable = true;
          app.shell.add(page, "main");
          app.shell.activateById(page.id);
        }, 2);

      const askForRelease = (language, label, rank) =>
        add(`readingroom:release-${language}`, label, "A notebook that checks your files and asks for them to leave",
          icon(`release-${language}`, LEAVE), async ({ cwd }) => {
            const path = await unused(serviceManager.contents, cwd || "", "Ask for a release");
            await serviceManager.contents.save(path, { type: "notebook", format: "json", content: release(language) });
            await open(path);
          }, rank);
      askForRelease("python3", "Ask for a release", 3);
      serviceManager.kernelspecs.ready.then(() => {
        if (serviceManager.kernelspecs.specs?.kernelspecs.ir) askForRelease("ir", "Ask for a release (R)", 4);
      });
    };
    return { id: `${NAME}:cards`, autoStart: true, requires: [ILauncher], activate };
  };

  const standing = async () => {
    const { IStatusBar } = await load("@jupyterlab/statusbar");
    const { Notification } = await load("@jupyterlab/apputils");
    const { Widget } = await load("@lumino/widgets");
    const ask = asker(await load("@jupyterlab/services"), await load("@jupyterlab/coreutils"));
    const activate = (_app, statusBar) => {
      const item = new Widget({ node: element("span", "Reading Room") });
      item.addClass("rr-standing");
      statusBar.registerStatusItem(`${NAME}:standing`, { item, align: "left", rank: 5 });

      const short = (title) => (title.length > 34 ? `${title.slice(0, 33)}…` : title);
      const show = (text, isWarning) => {
        if (item.node.textContent !== text) item.node.textContent = text;
        item.node.title = text; // all of it, where the bar is too narrow
        item.toggleClass("rr-standing--warning", isWarning);
      };
      let told = "", notice = "", pause = LOOK_MS;
      const warn = (warning) => { // each once, and away again when somebody did something
        if (warning === told) return;
        told = warning;
        if (notice) Notification.dismiss(notice);
        notice = warning ? Notification.warning(warning, { autoClose: false }) : "";
      };
      const look = async () => {
        try {
          const { words, closing } = await ask("standing");
          const left = closing ? Date.parse(closing.at) - Date.now() : NaN;
          pause = Math.max(SOON_MS, Math.min(LOOK_MS, left / 4)) || LOOK_MS;
          const facts = [short(words.project), words.tier, words.before_alert, words.ends];
          const all = words.warning ? [words.left, ...facts] : [...facts, words.left];
          show(all.filter(Boolean).join(" · "), Boolean(words.warning));
          warn(words.warning);
        } catch (error) {
          show(`Reading Room: ${error.message}`, true);
        }
      };
      const follow = async () => {
        await look();
        setTimeout(follow, pause);
      };
      follow();
      document.addEventListener("readingroom:here", () => { if (told) setTimeout(look, 15000); });
    };
    return { id: `${NAME}:standing`, autoStart: true, requires: [IStatusBar], activate };
  };

  const here = async () => {
    const { PageConfig, URLExt } = await load("@jupyterlab/coreutils");
    const activate = () => {
      const address = URLExt.join(PageConfig.getBaseUrl(), "readingroom", "here");
      let last = -HERE_MS;
      const touched = (event) => {
        if (!event.isTrusted || performance.now() - last < HERE_MS) return; // a script's own events are nobody's
        last = performance.now();
        fetch(address, { method: "POST", keepalive: true }).catch(() => { last = -HERE_MS; });
        document.dispatchEvent(new CustomEvent("readingroom:here"));
      };
      for (const kind of ["keydown", "pointerdown", "wheel"]) {
        document.addEventListener(kind, touched, { capture: true, passive: true });
      }
    };
    return { id: `${NAME}:here`, autoStart: true, activate };
  };

  const STYLE = `
    /* the bar ends at its edge: our item is the first to give way, as all of it is in its title; then a long name does */
    .jp-StatusBar-Left:has(> .rr-standing) { min-width: 0; overflow: hidden; }
    .jp-StatusBar-Left:has(> .rr-standing) > *, .jp-StatusBar-Left:has(> .rr-standing) ~ * { flex-shrink: 0; }
    .jp-StatusBar-Left > .rr-standing { flex-shrink: 1; min-width: 0; }
    .jp-StatusBar-Right > .jp-StatusBar-Item { max-width: 16em; overflow: hidden; text-overflow: ellipsis; }
    .rr-standing { color: var(--jp-ui-font-color1); overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
      padding: 0 8px; font-size: var(--jp-ui-font-size1); line-height: 24px; }
    .rr-standing--warning { background: #fff6e5; color: #0b0c0c; font-weight: 700; }
    .rr-dictionary { height: 100%; box-sizing: border-box; overflow: auto; padding: 8px 24px 24px; color: var(--jp-content-font-color1);
      font-size: var(--jp-content-font-size1); line-height: 1.5; overflow-wrap: break-word; }
    .rr-dictionary:focus-visible { outline: 2px solid var(--jp-brand-color1); outline-offset: -2px; }
    .rr-dictionary table { border-collapse: collapse; width: 100%; margin: 12px 0 24px; }
    .rr-dictionary caption { text-align: left; font-weight: 700; padding: 4px 0; }
    .rr-dictionary th, .rr-dictionary td { border: 1px solid var(--jp-border-color1); padding: 4px 8px; text-align: left;
      vertical-align: top; }
    .rr-dictionary thead th { background: var(--jp-layout-color2); }
    .rr-dictionary tbody th { font-family: var(--jp-code-font-family); font-weight: 400; }
  `;

  const extension = async () => {
    document.head.append(element("style", STYLE));
    const plugins = await Promise.all([cards(), standing(), here()]);
    return { __esModule: true, default: plugins };
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => { shared = scope; },
    get: async (module) => {
      if (module !== "./extension") throw new Error(`${NAME} has no ${module}`);
      const made = await extension();
      return () => made;
    },
  };
})();
