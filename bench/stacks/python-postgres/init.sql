create table t(n int); insert into t values (42);
