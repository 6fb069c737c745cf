//! Configuration: options and `YINGZHU_*` variables, checked whole at start.
