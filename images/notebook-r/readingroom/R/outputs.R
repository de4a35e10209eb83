#' A table of distinct people, saved with the evidence that the checks need.
#'
#' frame: from load(), or with `unit`, the column of people. rows, columns, value: names of columns. statistic: count,
#' sum, mean or median. suppress: hide what the project's rules call unsafe. round: a base for counts. The csv goes to
#' `path`, its evidence beside it; the result is what the pre-flight says of it.
people_table <- function(frame, rows, columns = NULL, value = NULL, statistic = "count", unit = NULL, totals = FALSE,
                         path, suppress = FALSE, round = NULL) {
  source <- attributes(frame)[c("dataset", "version", "table", "privacy_unit")]
  source <- source[!vapply(source, is.null, TRUE)]
  people <- if (is.null(unit)) source$privacy_unit else unit
  if (is.null(people)) stop("Which column are the people?\n  Next: give its name as unit.", call. = FALSE)
  used <- unique(c(rows, columns, value, people))
  absent <- setdiff(used, names(frame))
  if (length(absent)) stop("The frame has no column ", paste(absent, collapse = ", "), call. = FALSE)
  kept <- as.data.frame(frame)[used]
  levels <- lapply(Filter(is.factor, kept), function(one) I(base::levels(one)))
  text <- names(Filter(function(one) is.factor(one) || is.character(one), kept))
  given <- tempfile("rr-", fileext = ".csv")
  on.exit(unlink(given))
  utils::write.csv(kept, given, row.names = FALSE, na = "", fileEncoding = "UTF-8")
  arguments <- list(
    frame = given, path = normalizePath(path, mustWork = FALSE), rows = I(rows), statistic = statistic,
    columns = if (is.null(columns)) I(character()) else I(columns), unit = people, totals = totals,
    suppress = suppress, levels = if (length(levels)) levels else named_nothing, text = I(text),
    source = if (length(source)) source else named_nothing)
  if (!is.null(value)) arguments$value <- value
  if (!is.null(round)) arguments$round <- as.integer(round)
  answer <- ask("table", arguments)
  structure(answer, class = "readingroom_check")
}

#' Check files as the airlock will, by the project's rules. Nothing is sent.
preflight <- function(...) {
  paths <- normalizePath(c(...), mustWork = FALSE)
  structure(ask("preflight", list(paths = I(paths))), class = "readingroom_check")
}

#' Ask for files to be released. context: what each shows, of whom and why it is safe, by file name or one for all.
request_release <- function(title, purpose, paths, context) {
  answer <- ask("request", c(list(title = title, purpose = purpose), said_of(paths, context)))
  structure(answer, class = "readingroom_request")
}

#' Answer a returned request: each file takes the place of the one of its name, all others go along as they are.
#'
#' request: what request_release() gave, or its number. context: as there; a file of which nothing is said keeps what
#' was said before. drop: names of files to leave out.
resubmit <- function(request, paths = character(), context = character(), drop = character()) {
  answer <- ask("resubmit", c(list(number = number_of(request), drop = I(drop)), said_of(paths, context)))
  structure(answer, class = "readingroom_request")
}

#' Take a request back, at any time before it has left. request: what request_release() gave, or its number.
withdraw <- function(request) {
  structure(ask("withdraw", list(number = number_of(request))), class = "readingroom_request")
}

number_of <- function(request) {
  as.integer(if (inherits(request, "readingroom_request")) request$number else request)
}

said_of <- function(paths, context) {
  names <- basename(paths)
  said <- if (length(context) && is.null(names(context))) stats::setNames(rep_len(context, length(names)), names)
  else context
  list(paths = I(normalizePath(paths, mustWork = FALSE)), context = if (length(said)) as.list(said) else named_nothing)
}

print.readingroom_check <- function(x, ...) {
  if (!is.null(x$shown)) cat(x$shown, "\n\n", sep = "")
  cat(x$report, "\n", sep = "")
  invisible(x)
}

print.readingroom_request <- function(x, ...) {
  cat("Request ", x$number, " is ", x$status, ": ", x$url, "\n", sep = "")
  invisible(x)
}

named_nothing <- structure(list(), names = character())
