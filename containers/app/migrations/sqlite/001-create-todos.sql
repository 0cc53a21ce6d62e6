-- AUTOINCREMENT: the id of a deleted todo is never given again, as in MySQL.
CREATE TABLE `todos` (
  `id` INTEGER PRIMARY KEY AUTOINCREMENT,
  `title` TEXT,
  `completed` INTEGER NOT NULL,
  `order` INTEGER
) STRICT;
