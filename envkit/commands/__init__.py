"""One verb a module: glue between what the user asked and the layers below, without rules of its own."""
