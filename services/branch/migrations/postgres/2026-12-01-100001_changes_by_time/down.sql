DROP INDEX messages_by_time;
DROP INDEX branches_by_change;
