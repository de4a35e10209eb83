"""The page of settings: what the dataclass says, and what it cannot say of itself."""

from __future__ import annotations

import dataclasses

from readingroom.settings import STATE_VARIABLE, Settings
from scripts.reference.page import NOTE, table

# What the dataclass can't say of itself. A setting without an entry here stops the script.
SETTINGS: dict[str, tuple[str, str]] = {
    "policies_dir": ("`policies/` of this repository", "Where the policy files are. A relative path starts at the "
                     "directory of `settings.toml`."),
    "address": ("", "The address that the proxy listens on."),
    "port": ("", "The port that the proxy listens on."),
    "proxy_api_port": ("`port` + 1", "The port, on 127.0.0.1 only, through which the Hub steers its proxy."),
    "public_url": ("`http://readingroom.localhost:<port>`", "Where people's browsers go: scheme, host name and, if "
                   "it is not the usual one, port. Each workspace has a name below this host's."),
    "database_url": ("SQLite in `db/readingroom.sqlite`", "Where the records are, as an SQLAlchemy address."),
    "engine_url": ("", "Where the Docker engine answers."),
    "notebook_image": ("", "The image that workspaces run. Without a tag, the tag is a hash of its inputs."),
    "door_image": ("", "The same for the door's image."),
    "sweep_seconds": ("", "How often open workspaces and extracts are compared with the records."),
    "demo_people": ("", "How many synthetic people the demo programme has."),
    "workspace_memory_bytes": ("2 GiB", "Most memory of one workspace. Policies can lower it."),
    "workspace_cpus": ("", "Most processors of one workspace. Policies can lower it."),
    "answer_slot_seconds": ("", "Private answers are delivered at multiples of this, so that their time tells nothing. "
                            "Choose at least three times the longest computation."),
    "recomputing_seconds": ("", "How long the tables of one request, together, are computed again from the vault; a "
                            "table alone has a minute at most. Those beyond it are *not verified*, and are judged by "
                            "the evidence that was sent. 0: none is computed again."),
    "workspace_network": ("", "`none`: a workspace has no network. `bridge`: an internal one of its own, closed by the "
                          "host's firewall, for what insists on an interface ([how](../how-to/use-a-bridge.md))."),
    "workspace_runtime": ("", "What runs workspaces: `runc`, or `runsc` (gVisor) or `kata` where the engine has them "
                          "registered under that name."),
    "workspaces_memory_bytes": ("nine tenths of the machine's", "Most memory that open workspaces together may be "
                                "promised. Whoever asks for more waits in a queue. 0 means the default."),
    "workspaces_per_person": ("", "Most workspaces that one person may have open at once; policy (`workspaces`) can "
                              "say fewer."),
    "quotas": ("", "How homes are kept to their size: `loop` (a file system in a file, which takes root), `none`, or "
               "`auto`: `loop` as root, else `none`."),
    "proof_seconds": ("", "How often each open workspace is compared with what its policy demanded."),
    "canary_seconds": ("", "How often a workspace without data tries the walls from inside."),
    "orphans_seconds": ("", "How often containers and networks that belong to no workspace are taken away."),
    "second_factor": ("", "Of whom a code from an authenticator app is asked besides the password: `everyone`, or "
                      "`checkers-and-administrators`, who can't be left out."),
    "oidc_issuer": ("none", "The OpenID Connect provider of your organisation, as it writes its own issuer. People "
                    "whose account there was linked to their record may sign in with it."),
    "oidc_client_id": ("", "What the provider knows this installation as."),
    "oidc_secret_file": ("", "The file with the secret that goes with it, below the state directory, for nobody "
                         "else to read."),
    "oidc_claim": ("", "Which claim of the ID token names the person: one that never changes and is never given anew."),
    "oidc_second_factor": ("", "Values of `acr` or `amr`, with blanks between, that say that the provider asked for a "
                           "second factor. Checkers and administrators are refused without one of them."),
    "oidc_name": ("", "What the button on the sign-in page calls the provider."),
    "mail_host": ("none: no e-mail", "The mail server that takes notices for people who gave an address. See [Send "
                  "notices by e-mail](../how-to/mail.md)."),
    "mail_port": ("", "Its port."),
    "mail_security": ("", "`starttls`, `tls` (from the first byte), or `none`, which only a server on this machine may "
                      "have. Certificates are checked against the machine's own store."),
    "mail_from": ("none", "The address that notices come from; needed with `mail_host`."),
    "mail_username": ("none", "Who signs in to the mail server, with the password in `keys/mail-password`."),
    "clamav_socket": ("none", "The Unix socket of a ClamAV daemon (clamd) on this machine, which then scans what is "
                      "[brought in](../how-to/bring-files-in.md)."),
}


def settings_page() -> str:
    rows = []
    for field in dataclasses.fields(Settings):
        if field.name == "state_dir":
            continue
        default, meaning = SETTINGS[field.name]
        rows.append((f"`{field.name}`", str(field.type), default or f"`{field.default}`", meaning))
    surplus = set(SETTINGS) - {field.name for field in dataclasses.fields(Settings)}
    if surplus:
        raise SystemExit(f"Described here but not settings any more: {', '.join(sorted(surplus))}")
    return (
        "# Settings\n\n" + NOTE.format(source="src/readingroom/settings.py")
        + f"Settings are read once, at the start, from `settings.toml` in the state directory. The state directory is "
        f"`var` in the working directory, or what the environment variable `{STATE_VARIABLE}` names. A missing file "
        "means all defaults. An unknown key or a wrong type stops the start and names every fault.\n\n"
        + table(("Key", "Type", "Default", "Meaning"), rows)
        + "\nSee [Change the port or the state directory](../how-to/change-port-or-state.md) and "
        "[Files and keys](files-and-keys.md).\n"
    )
