"""Blobs: sealed frames in GridFS or S3.

sealing.py   a frame: 64 KiB of a blob under the blob's own key, bound to its place
records.py   what is known of each blob: owner, sealed key, length, who writes
storage.py   where sealed frames lie, as the sealed blobs see it
chunks.py    frames in a collection, by number; an older writer never overwrites a newer one
gridfs.py    the storage in MongoDB, readable by GridFS tools as ciphertext
s3.py        the storage in S3, by multipart uploads
uploads.py   their bookkeeping
sealed.py    the port `Blobs` over a storage
opening.py   which one the settings ask for
"""
