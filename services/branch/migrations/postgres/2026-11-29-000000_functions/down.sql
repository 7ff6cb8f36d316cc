DROP FUNCTION activate_branch;
DROP FUNCTION append_message;
