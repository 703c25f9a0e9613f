"""`taxes:rules`: the table of taxes in force. There is one."""
