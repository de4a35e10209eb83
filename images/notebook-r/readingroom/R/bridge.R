# Every call is answered by the Python SDK, so that R and Python are checked by the same code. Python runs isolated (-I):
# what a person installed into their home is not in its way.

python <- function() Sys.getenv("READINGROOM_PYTHON", "/opt/venv/bin/python")

ask_raw <- function(verb, arguments, read) {
  said <- tempfile("rr-")
  on.exit(unlink(said))
  writeLines(jsonlite::toJSON(arguments, auto_unbox = TRUE, null = "null", digits = NA), said, useBytes = TRUE)
  command <- paste(shQuote(python()), "-I", "-m", "readingroom.sdk._r", verb, "<", shQuote(said))
  stream <- pipe(command, "rb")
  on.exit(close(stream), add = TRUE)
  read(stream)
}

read_all <- function(stream) {
  parts <- list()
  while (length(part <- readBin(stream, "raw", 65536L)) > 0) parts[[length(parts) + 1L]] <- part
  answer <- rawToChar(do.call(c, parts))
  Encoding(answer) <- "UTF-8"
  answer
}

ask <- function(verb, arguments = list(), simplify = TRUE) {
  text <- ask_raw(verb, c(list(verb = verb), arguments), read_all)
  if (!nzchar(text)) stop("The SDK did not answer.\n  Next: start the kernel again.", call. = FALSE)
  refuse(jsonlite::fromJSON(text, simplifyVector = simplify))
}

refuse <- function(answer) {
  if (is.list(answer) && !is.null(answer$error))
    stop(paste0(answer$error, "\n  Rule: ", answer$rule, "\n  Next: ", answer$next_step), call. = FALSE)
  answer
}
