package colabfs.core;

/**
 * One line of a directory listing: a name and what {@code lstat} says of it. A listing never holds
 * {@code .} or {@code ..}.
 */
public record DirEntry(String name, FileAttrs attrs) {}
