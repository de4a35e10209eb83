#' Who and where you are, and what is left of the privacy budgets.
workspace <- function() {
  cat(ask("workspace"), "\n", sep = "")
  invisible()
}

#' The mounted datasets with their tables and columns, as far as they were granted.
datasets <- function() {
  found <- ask("datasets", simplify = FALSE)
  names(found) <- vapply(found, function(one) one$slug, "")
  structure(found, class = "readingroom_datasets")
}

print.readingroom_datasets <- function(x, ...) {
  for (one in x) {
    cat(one$title, if (one$synthetic) " (synthetic: nobody in it exists)", ", version ", one$version, "\n", sep = "")
    for (table in one$tables) {
      cat("  load(\"", one$slug, "\", \"", table$name, "\")  ", table$label, "\n", sep = "")
      for (column in table$columns) cat("      ", column$name, ": ", column$label, "\n", sep = "")
    }
  }
  invisible(x)
}

#' A granted table as a data frame.
#'
#' labels: codes become ordered factors with the catalogue's labels. The attributes dataset, version, table and
#' privacy_unit say where it comes from; people_table() takes them from there.
load <- function(dataset, table = NULL, columns = NULL, labels = TRUE) {
  if (is.null(table)) {
    known <- Filter(function(one) one$slug == dataset, unclass(datasets()))
    tables <- if (length(known)) vapply(known[[1]]$tables, function(one) one$name, "") else character()
    if (length(tables) > 1)
      stop(dataset, " has several tables.\n  Next: name one of ", paste(tables, collapse = ", "), call. = FALSE)
    table <- if (length(tables)) tables[[1]] else ""
  }
  arguments <- list(dataset = dataset, table = table, labels = labels)
  if (!is.null(columns)) arguments$columns <- I(columns)
  ask_raw("load", arguments, function(stream) {
    first <- readBin(stream, "raw", 2L)
    if (identical(first, charToRaw("X\n"))) return(unserialize_from(stream))
    refuse(jsonlite::fromJSON(paste0(rawToChar(first), read_all(stream))))
  })
}

# The two bytes already read say "XDR"; unserialize() wants them back, and a connection can't be rewound.
unserialize_from <- function(stream) {
  parts <- list(charToRaw("X\n"))
  while (length(part <- readBin(stream, "raw", 8388608L)) > 0) parts[[length(parts) + 1L]] <- part
  unserialize(do.call(c, parts))
}
