/** Preloaded into every process that a program starts: it ends with the program, even where that ends by `kill -9`. */
process.once('disconnect', () => process.exit(1));
process.channel?.unref();
