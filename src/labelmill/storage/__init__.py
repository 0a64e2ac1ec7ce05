"""The only package that writes project files: atomic, fsynced, checksummed.

`atomic` writes single files, `folders` whole folders with a manifest of checksums, `shards` tables
too large for memory, `gold` looks labels up by id, `locks` keeps two processes from the same work.
"""

from labelmill.storage.atomic import (
    append_line,
    copy_file,
    read_json,
    read_table,
    write_bytes,
    write_json,
    write_table,
    write_text,
)
from labelmill.storage.folders import (
    folder_hash,
    move_folder,
    new_folder,
    read_manifest,
    sha256_file,
    source_hash,
    verify_file,
    verify_folder,
)
from labelmill.storage.gold import read_gold
from labelmill.storage.locks import exclusive, is_held
from labelmill.storage.shards import (
    Piece,
    Shard,
    count_rows,
    iter_shards,
    join_shards,
    list_pieces,
    list_shards,
    part_name,
    read_shards,
    shard_writer,
)

__all__ = [
    "Piece",
    "Shard",
    "append_line",
    "copy_file",
    "count_rows",
    "exclusive",
    "folder_hash",
    "is_held",
    "iter_shards",
    "join_shards",
    "list_pieces",
    "list_shards",
    "move_folder",
    "new_folder",
    "part_name",
    "read_gold",
    "read_json",
    "read_manifest",
    "read_shards",
    "read_table",
    "sha256_file",
    "shard_writer",
    "source_hash",
    "verify_file",
    "verify_folder",
    "write_bytes",
    "write_json",
    "write_table",
    "write_text",
]
